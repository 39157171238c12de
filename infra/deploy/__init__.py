"""Packages the functions and deploys a stack."""
