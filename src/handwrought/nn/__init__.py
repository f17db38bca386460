"""The mathematics: networks, activations, costs and the four equations, over plain arrays."""
