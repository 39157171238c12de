"""Deploying the engine, to AWS and to the local stack alike."""
