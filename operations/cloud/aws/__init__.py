"""Control of Aurora, RDS and ECS, through the AWS API."""
