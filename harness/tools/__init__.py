"""What a model may call. A tool takes a call as the model made it and gives back what the model is to read."""
