"""Ed25519 signatures (RFC 8032), to make what is nearly right: slow, not constant in time, for test keys alone."""

import base64
import hashlib
import json

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P


def root(y):
    """The even x of a point of the curve."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return x if x % 2 == 0 else P - x


BASE = (root(BASE_Y), BASE_Y, 1, root(BASE_Y) * BASE_Y % P)


def add(one, other):
    """Points as (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, point):
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point = add(point, point)
        number >>= 1
    return total


def packed(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def base64_of(data):
    return base64.b64encode(data).decode().rstrip("=")


class Key:
    """A signing key made from a few bytes, the same ones every time."""

    def __init__(self, seed):
        digest = hashlib.sha512(hashlib.sha256(seed).digest()).digest()
        self.secret = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
        self.prefix = digest[32:]
        self.public = packed(times(self.secret, BASE))

    def sign(self, message):
        chance = number(self.prefix, message) % ORDER
        start = packed(times(chance, BASE))
        rest = (chance + number(start, self.public, message) * self.secret) % ORDER
        return start + rest.to_bytes(32, "little")

    def sign_json(self, user, name, thing):
        """A copy of `thing` with a signature of this key in the name of a user's device."""
        bare = {key: value for key, value in thing.items() if key not in ("signatures", "unsigned")}
        text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return {**thing, "signatures": {user: {f"ed25519:{name}": base64_of(self.sign(text.encode()))}}}
