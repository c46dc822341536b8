package io.veloz.wal.bench.compare;

/**
 * One line of {@code results.csv}.
 *
 * <p>A measurement has a row for each metric, or one with the metric {@link #FAILED} or {@link #UNSUPPORTED} and the reason. Facts are rows as well: their
 * workload is {@link #RUN}, {@link #MACHINE} or {@link #LOG}, and the round is 0 if they concern all rounds.
 */
record Row(int round, String workload, String log, String metric, String value) {
    static final String RUN = "run";
    static final String MACHINE = "machine";
    static final String LOG = "log";
    static final String SEED = "seed of the order";
    static final String VERSION = "version";
    static final String DURABLE = "durable";
    static final String FAILED = "failed";
    static final String UNSUPPORTED = "unsupported";

    static Row run(String name, String value) {
        return new Row(0, RUN, "", name, value);
    }

    static Row machine(int round, String name, String value) {
        return new Row(round, MACHINE, "", name, value);
    }

    static Row log(String log, String name, String value) {
        return new Row(0, LOG, log, name, value);
    }

    boolean hasFailed() {
        return metric.equals(FAILED);
    }

    boolean isFact() {
        return workload.equals(RUN) || workload.equals(MACHINE) || workload.equals(LOG);
    }
}
