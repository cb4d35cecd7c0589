"""What a thread may touch: policies, the sandbox they make, and the answer in words.

Owns nothing itself; the modules beside it do. Pure: a disk is looked at through
functions that are given.
"""
