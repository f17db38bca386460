"""The training loop, optimizers, schedules and what watches them.  Draws nothing on a screen."""
