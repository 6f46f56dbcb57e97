"""The web front-end: signing up, and seeing and asking for one's synchronization."""

import re
import secrets
import time

import psycopg2
from flask import Flask, Response, abort, jsonify, redirect, render_template, request, url_for
from psycopg2.errors import UniqueViolation

from tapiriik import database, settings

EMAIL = re.compile(r"[!-?A-~]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
USER_ID = re.compile(r"[0-9a-f]{24}")
LONGEST_REQUEST = 30.0

app = Flask(__name__)


def transaction():
    """A cursor for this request, with time-outs that a visitor may be expected to bear."""
    return database.transaction(connect_timeout=3, statement_timeout=5)


def wants_json():
    """Whether the client asked for JSON rather than a page."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def refuse(message, status):
    """An error for the visitor, on the front page or as JSON."""
    if wants_json():
        return jsonify(error=message), status
    return render_template("index.html", error=message, email=request.form.get("email", "")), status


def find_user(cursor, user_id):
    """The user's row, or a 404."""
    if USER_ID.fullmatch(user_id):
        cursor.execute("SELECT * FROM users WHERE id = %s", [user_id])
        if user := cursor.fetchone():
            return user
    abort(404)


@app.template_filter("utc")
def utc(moment):
    """The moment for people to read; nothing for None."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""


def state_of(user):
    """Where the user is in its round from scheduled over queued to synchronizing."""
    if user["synchronization_worker"]:
        return f"synchronizing ({user['synchronization_step'] or 'starting'})"
    if user["queued_at"]:
        return "queued"
    if user["next_synchronization"]:
        return f"scheduled for {utc(user['next_synchronization'])}"
    return "not scheduled"


@app.errorhandler(psycopg2.OperationalError)
def database_is_away(error):
    app.logger.error("%s", error)
    return refuse("The database does not answer. Please try again in a minute.", 503)


@app.get("/")
def index():
    return render_template("index.html")


@app.post("/signup")
def signup():
    """Create a user who is due at once."""
    email = request.form.get("email", "").strip().lower()
    if len(email) > 254 or not EMAIL.fullmatch(email):
        return refuse("That is not an e-mail address.", 400)
    user_id = secrets.token_hex(12)
    try:
        with transaction() as cursor:
            cursor.execute(
                "INSERT INTO users (id, email, next_synchronization) VALUES (%s, %s, now())", [user_id, email]
            )
    except UniqueViolation:
        return refuse("That address has signed up before.", 409)
    if wants_json():
        return jsonify(id=user_id, email=email), 201
    return redirect(url_for("user_page", user_id=user_id), 303)


@app.get("/user/<user_id>")
def user_page(user_id):
    with transaction() as cursor:
        user = find_user(cursor, user_id)
    return render_template("user.html", user=user, state=state_of(user))


@app.post("/user/<user_id>/sync")
def synchronize(user_id):
    """Make the user due now, unless a synchronization is under way."""
    with transaction() as cursor:
        find_user(cursor, user_id)
        cursor.execute(
            "UPDATE users SET next_synchronization = now(), queued_at = NULL"
            " WHERE id = %s AND synchronization_worker IS NULL",
            [user_id],
        )
        scheduled = cursor.rowcount == 1
    if not scheduled:
        return refuse("A synchronization is under way.", 409)
    if wants_json():
        return jsonify(id=user_id, scheduled=True), 202
    return redirect(url_for("user_page", user_id=user_id), 303)


@app.get("/up")
def up():
    """Whether this process can serve. It asks nothing of the schema: a new release is checked before it migrates."""
    try:
        with database.transaction(connect_timeout=2, statement_timeout=2) as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.Error as error:
        return Response(f"database: {' '.join(str(error).split())}\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")


@app.get("/version")
def version():
    return jsonify(version=settings.VERSION, release=settings.RELEASE, host=settings.HOST)


def asked_seconds():
    """The seconds of the query string, 1 if there are none, within what draining waits for."""
    return max(0.0, min(request.args.get("seconds", 1.0, type=float), LONGEST_REQUEST))


@app.get("/slow")
def slow():
    """Answer late, to show that a deployment waits for requests in flight."""
    seconds = asked_seconds()
    time.sleep(seconds)
    return Response(f"slept {seconds:g} seconds\n", mimetype="text/plain")


@app.get("/stream")
def stream():
    """Answer bit by bit, a line a second, to show that a deployment cuts no response short."""

    def lines(count):
        for tick in range(1, count + 1):
            time.sleep(1)
            yield f"tick {tick}\n"
        yield "end\n"

    # The header asks nginx to pass each line on as it comes.
    return Response(lines(int(asked_seconds())), mimetype="text/plain", headers={"X-Accel-Buffering": "no"})
