"""Train: trainings in processes of their own, watched while they run."""
