# Authlib ships no types. These files declare the part of it that the gateway stands on, so that
# pyright strict can check our side; they follow Authlib 1.9.
