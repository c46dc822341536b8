package io.veloz.wal.engine;

/**
 * What the probes of an orchestrator ask for. Immutable.
 *
 * @param live false if only a restart helps
 * @param ready whether new orders are taken
 * @param walReplayComplete whether all orders are back
 * @param reason why it is not ready; empty if it is
 */
public record Health(boolean live, boolean ready, boolean walReplayComplete, String reason) {

    /** For {@code /health/ready} and the like. */
    public String toJson() {
        return "{\"live\":" + live + ",\"ready\":" + ready + ",\"wal_replay_complete\":" + walReplayComplete
                + ",\"reason\":\"" + escaped() + "\"}";
    }

    private String escaped() {
        return reason.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ");
    }
}
