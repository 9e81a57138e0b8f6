"""What a long run costs, by the accounting that is documented: ours beside two simpler ways."""
