"""What the proxies that serve the API of all models tell of it: a line for each request, and counters."""

METADATA = "tke-llm"
"""Namespace of what the script beside this file tells Envoy: client, model, tokens."""

_TELEMETRY = {
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

LABELS = {"client": r"\.lua\.tke_llm\.\w+(\.client\.([^.]+))", "model": r"\.lua\.tke_llm\..*?(\.model\.(.+))$"}
"""What of the names of the script's counters becomes a label: of an expression the first group goes, and the second is
the value (Envoy, config/metrics/v3/stats.proto, TagSpecifier). A client's name has no dot, a model's may have any."""

ACCOUNTS = {
    "telemetry": _TELEMETRY,
    "bootstrap": {
        "type": "JSONPatch",
        "jsonPatches": [
            {"op": "add", "path": "/stats_config/stats_tags/-", "value": {"tag_name": label, "regex": regex}}
            for label, regex in LABELS.items()
        ],
    },
}
"""Of an EnvoyProxy."""
