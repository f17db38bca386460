"""Pictures as arrays: sampled, blurred, grown, centred; nothing here knows digits or models."""
