"""What a pipeline says on GitHub or GitLab: one comment on a pull request, one pull request for prepared changes."""
