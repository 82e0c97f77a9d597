"""Control of Cloud SQL and Cloud Run, through the Google Cloud APIs."""
