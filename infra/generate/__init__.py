"""What is written from the code: the table of errors, the Postman collection."""
