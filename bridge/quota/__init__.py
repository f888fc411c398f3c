"""What is left of each account's quota: learnt, remembered, judged."""
