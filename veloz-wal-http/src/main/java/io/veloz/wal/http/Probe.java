package io.veloz.wal.http;

/** An endpoint of an orchestrator. {@code /health} includes every check, these only the checks that are assigned to them. */
public enum Probe {
    /** {@code /health/live}: fails if only a restart of the process helps. */
    LIVE,
    /** {@code /health/ready}: fails while the engine must not receive orders, or cannot answer for them. */
    READY,
    /** {@code /health/startup}: fails until the log is replayed. */
    STARTUP
}
