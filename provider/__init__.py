"""Who answers: the interface every provider keeps, ChatGPT Web behind it, and its offline simulator."""
