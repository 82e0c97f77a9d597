"""Google Cloud: Cloud SQL, Cloud Run and what stands around them."""
