package io.veloz.wal.engine;

/**
 * The health of the engine, for the probes of an orchestrator. Immutable.
 *
 * @param live false if only a restart helps
 * @param ready whether new orders are accepted
 * @param walReplayComplete whether all orders are restored
 * @param reason why the engine is not ready; empty if it is
 */
public record Health(boolean live, boolean ready, boolean walReplayComplete, String reason) {

    /** Returns JSON for endpoints such as {@code /health/ready}. */
    public String toJson() {
        return "{\"live\":" + live + ",\"ready\":" + ready + ",\"wal_replay_complete\":" + walReplayComplete
                + ",\"reason\":" + quoted(reason) + "}";
    }

    /** Returns a text as a JSON string. */
    static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ") + "\"";
    }
}
