"""WeChat on your own machine: its API, its courier, and a phone to chat with."""
