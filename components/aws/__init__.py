"""AWS: Aurora, RDS, ECS Fargate and everything around them. ``cloud.py`` exports the constructors."""
