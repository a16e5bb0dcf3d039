"""A service that reads the admin message with an access token of its own: OAuth 2.0 client credentials (RFC 6749
section 4.4). It gets a token, keeps it, renews it before it expires, and prints answers, never the token.
With --once it asks once, and its exit code is 0 when the answer was 200. Python 3.9 or newer, nothing to install.
"""
import email.utils
import http.client
import json
import os
import re
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

# The defaults are those of the embedded set-up. A secret of yours belongs in the environment, not in this file.
ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:7070/")
CLIENT_ID = os.environ.get("CLIENT_ID", "messages-service")
CLIENT_SECRET = os.environ.get("CLIENT_SECRET", "embedded-tenant-service-secret")
AUDIENCE = os.environ.get("AUDIENCE", "https://hello-world.example.com")
SCOPE = os.environ.get("SCOPE", "")
API_URL = os.environ.get("API_URL", "http://localhost:6060")
EVERY_SECONDS = float(os.environ.get("EVERY_SECONDS", "10"))
TIMEOUT_SECONDS = 5
ON_THIS_MACHINE = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?(/|$)")
BROKEN = (OSError, ValueError, http.client.HTTPException)


class Failure(Exception):
    """Why there was no answer, for people, and for how long the server asks to be left alone."""

    def __init__(self, message, headers=None):
        super().__init__(message)
        self.retry_after = retry_after((headers or {}).get("Retry-After", ""))


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would take the Authorization header along, to wherever a redirect leads."""

    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(NoRedirect)
lock = threading.Lock()
token, renew_at, token_endpoint = None, 0.0, None


def send(url, data=None, headers={}):
    """Status, headers and body, whatever the status is."""
    try:
        with opener.open(urllib.request.Request(url, data, headers), timeout=TIMEOUT_SECONDS) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def access_token():
    """The token that is kept, or a new one when that is about to expire. What is in it is the API's to read."""
    global token, renew_at
    with lock:  # One request for all threads that ask meanwhile.
        # Not by the time of day, which somebody may set.
        if token is None or time.monotonic() >= renew_at:
            answer = request_token()
            seconds = answer.get("expires_in", 60)
            # Early, so that no call carries a token that expires on its way.
            renew_at = time.monotonic() + seconds - min(30, seconds / 2)
            token = answer["access_token"]
        return token


def protected(url):
    """Secret and token travel by https, except on one's own machine."""
    if url.startswith("https://") or ON_THIS_MACHINE.match(url):
        return url
    raise ValueError(f"{url} does not begin with https://")


def request_token():
    global token_endpoint
    prefix = f"No token from {ISSUER}:"
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    form.update({name: value for name, value in (("audience", AUDIENCE), ("scope", SCOPE)) if value})
    try:
        if token_endpoint is None:
            discovery = protected(ISSUER).rstrip("/") + "/.well-known/openid-configuration"
            status, headers, body = send(discovery)
            metadata = json.loads(body) if status == 200 else {}
            if metadata.get("issuer") != ISSUER:
                raise Failure(f"{prefix} it answered {status} and calls itself {metadata.get('issuer')}", headers)
            token_endpoint = protected(str(metadata.get("token_endpoint")))
        status, headers, body = send(token_endpoint, urllib.parse.urlencode(form).encode())
        answer = json.loads(body) if "json" in headers.get("Content-Type", "") else {}
    except BROKEN as error:
        raise Failure(f"{prefix} {error}; is ISSUER right, and the provider up?") from None
    if status == 200 and str(answer.get("token_type")).lower() == "bearer":
        return answer
    hint = f"is the application authorised for AUDIENCE={AUDIENCE} SCOPE={SCOPE}?"
    if answer.get("error") == "invalid_client":
        hint = "are CLIENT_ID and CLIENT_SECRET right?"
    raise Failure(f"{prefix} {status} {answer.get('error')}, {answer.get('error_description')}; {hint}", headers)


def get(path):
    authorization = {"Authorization": f"Bearer {access_token()}"}
    try:
        return send(urllib.parse.urljoin(API_URL, path), headers=authorization)
    except BROKEN as error:
        raise Failure(f"No answer from {API_URL}: {error}; is API_URL right, and the API up?") from None


HINTS = {
    401: " to a new token; are ISSUER and AUDIENCE the ones that the API expects?",
    403: "; has the application the permission read:admin-messages for the API?",
}


def read_admin_message():
    global token
    status, headers, body = get("/api/messages/admin")
    if status == 401:
        # Revoked, or signed with a key that is gone. Once: a new token that is refused as well will not do either.
        token = None
        status, headers, body = get("/api/messages/admin")
    if status == 200:
        return body.decode()
    raise Failure(f"{API_URL} answered {status}{HINTS.get(status, '')}", headers)


def retry_after(value):
    """What 429 and 503 ask for, in seconds or as a date. At most five minutes: it may be a mistake."""
    try:
        seconds = int(value) if value.isdigit() else email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    except (TypeError, ValueError):
        return 0
    return min(seconds, 300)


once = "--once" in sys.argv
while True:
    pause = EVERY_SECONDS
    try:
        print(f"200 {read_admin_message()}", flush=True)
    except Failure as failure:
        pause = max(pause, failure.retry_after)
        print(failure if once else f"{failure} (again in {pause:.0f} s)", flush=True)
        if once:
            sys.exit(1)
    if once:
        break
    time.sleep(pause)
