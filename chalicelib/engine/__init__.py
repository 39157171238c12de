"""The use cases: submit, execute, publish, follow, sweep. They know the domain and speak ports."""
