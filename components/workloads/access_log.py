"""The access log of the proxies that serve the API of all models."""

METADATA = "tke-llm"
"""Namespace of what the script beside this file tells Envoy: client, model, tokens."""

TELEMETRY = {
    "accessLog": {
        "settings": [
            {
                "format": {
                    "type": "JSON",
                    "json": {
                        "time": "%START_TIME%",
                        "id": "%REQ(X-REQUEST-ID)%",
                        **{
                            name: f"%DYNAMIC_METADATA({METADATA}:{name})%"
                            for name in ("client", "model", "prompt_tokens", "completion_tokens")
                        },
                        "method": "%REQ(:METHOD)%",
                        # A query may hold what is nobody's business.
                        "path": "%REQ_WITHOUT_QUERY(:PATH)%",
                        "status": "%RESPONSE_CODE%",
                        "details": "%RESPONSE_CODE_DETAILS%",
                        "bytes_received": "%BYTES_RECEIVED%",
                        "bytes_sent": "%BYTES_SENT%",
                        "first_byte_ms": "%RESPONSE_DURATION%",
                        "duration_ms": "%DURATION%",
                        "upstream": "%UPSTREAM_HOST%",
                    },
                },
                "sinks": [{"type": "File", "file": {"path": "/dev/stdout"}}],
            }
        ]
    }
}
"""Of the proxies: a line for each request, without prompt, answer or key. A client is who the key says it is, not what
a request says of itself; tokens are null where the engine told none, or the client did not wait for them."""
