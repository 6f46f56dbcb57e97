"""RabbitMQ: the exchange of users that wait for a synchronization, and its queues."""

import os

import pika
from pika.exceptions import AMQPConnectionError

from tapiriik import settings

EXCHANGE = "tapiriik-users"
QUEUE = "tapiriik-users"


def connect():
    """Open a connection; whatever prevents it is an AMQPError."""
    parameters = pika.ConnectionParameters(
        host=settings.required("AMQP_HOST"),
        port=int(os.environ.get("AMQP_PORT", 5672)),
        virtual_host=os.environ.get("AMQP_VHOST", "/"),
        credentials=pika.PlainCredentials(settings.required("AMQP_USER"), settings.required("AMQP_PASSWORD")),
        heartbeat=60,
        blocked_connection_timeout=60,
        socket_timeout=5,
        client_properties={"connection_name": f"{settings.HOST}:{os.getpid()}"},
    )
    try:
        return pika.BlockingConnection(parameters)
    except OSError as error:
        raise AMQPConnectionError(str(error)) from error


def declare(channel, host=None):
    """Make sure the exchange and the common queue exist, and the host's own when one is named.

    Returns the names of the queues, for consuming.
    """
    channel.exchange_declare(EXCHANGE, exchange_type="direct", durable=True)
    queues = {QUEUE: ""}
    if host:
        queues[f"{QUEUE}-{host}"] = host
    for queue, routing_key in queues.items():
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, EXCHANGE, routing_key)
    return list(queues)
