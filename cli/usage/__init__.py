"""`chatgpt-api usage`, and the same under `admin` and `api`."""
