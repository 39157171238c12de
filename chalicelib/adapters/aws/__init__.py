"""SQS, DynamoDB and API Gateway behind the ports."""
