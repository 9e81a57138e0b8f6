"""How long to wait for the screen: inputs are recorded once, and every policy is judged over the same recordings."""
