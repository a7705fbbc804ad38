"""What a run does: retrieve, label, tune, answer, test the models, score."""
