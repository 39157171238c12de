"""Writes documents from the code: the table of errors, the Postman collection."""
