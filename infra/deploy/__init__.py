"""Packages the functions, and brings a CloudFormation stack and its database up to date."""
