package io.veloz.wal.backup;

import io.veloz.wal.backup.internal.drill.DrillHtml;
import io.veloz.wal.backup.internal.drill.ReceiptJson;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What a drill proved. Immutable. */
public final class DrillReceipt {
    /** The result of a drill or of one of its checks. */
    public enum Result {
        /** Everything was recovered and compared. */
        PASSED,
        /** Something cannot be recovered, or differs. Act on it now. */
        FAILED,
        /** It could not be tried: the store was not available, or a program is not installed. This proves nothing. */
        INCONCLUSIVE
    }

    /**
     * One line of the checklist.
     *
     * @param detail what was compared and found, or why it was not tried
     */
    public record Check(String name, Result result, String detail) {}

    private final String id;
    private final Result result;
    private final long point;
    private final Optional<Instant> pointMade;
    private final List<Check> checks;
    private final Instant begun;
    private final long lastSequence;
    private final Optional<Instant> lastRecord;
    private final Map<String, Duration> took;
    private final Map<String, String> versions;
    private final String host;
    private final String user;

    private DrillReceipt(Builder builder) {
        this.id = builder.id;
        this.result = builder.result();
        this.point = builder.point;
        this.pointMade = builder.pointMade;
        this.checks = List.copyOf(builder.checks);
        this.begun = builder.begun;
        this.lastSequence = builder.lastSequence;
        this.lastRecord = builder.lastRecord;
        this.took = new LinkedHashMap<>(builder.took);
        this.versions = new LinkedHashMap<>(builder.versions);
        this.host = builder.host;
        this.user = builder.user;
    }

    /** Returns the random id: 32 hex digits. */
    public String id() {
        return id;
    }

    public Result result() {
        return result;
    }

    /** Returns the number of the recovery point; 0 if none was found. */
    public long point() {
        return point;
    }

    /** Returns when the recovery point was made. */
    public Optional<Instant> pointMade() {
        return pointMade;
    }

    /** Returns the checklist, in order. */
    public List<Check> checks() {
        return checks;
    }

    /** Returns when the drill began. */
    public Instant begun() {
        return begun;
    }

    /** Returns the last record of the restored log. */
    public long lastSequence() {
        return lastSequence;
    }

    /** Returns the time of the last record of the restored log. */
    public Optional<Instant> lastRecord() {
        return lastRecord;
    }

    /**
     * Returns the time between the last restored record and the begin of the drill: what a loss of the machine at that moment
     * would have cost (RPO), at most. An idle engine writes no records, so it may be less.
     */
    public Optional<Duration> recoveryPointAge() {
        // The shipper continues: a record may have been archived after the begin.
        return lastRecord.map(time -> time.isAfter(begun) ? Duration.ZERO : Duration.between(time, begun));
    }

    /** Returns the time that each step took, in order. */
    public Map<String, Duration> took() {
        return new LinkedHashMap<>(took);
    }

    /** Returns the sum of all steps: the measured recovery time (RTO). */
    public Duration recoveryTime() {
        return took.values().stream().reduce(Duration.ZERO, Duration::plus);
    }

    /** Returns the versions of the programs that took part. */
    public Map<String, String> versions() {
        return new LinkedHashMap<>(versions);
    }

    public String host() {
        return host;
    }

    public String user() {
        return user;
    }

    /** Returns the receipt as JSON, as it is stored in the archive. */
    public String toJson() {
        return new String(ReceiptJson.write(this), StandardCharsets.UTF_8);
    }

    /** Returns the receipt as one HTML page for a person, with a chart of the time by step. */
    public String toHtml() {
        return DrillHtml.write(this);
    }

    @Override
    public String toString() {
        return "DrillReceipt[" + result + ", point=" + point + ", RPO="
                + recoveryPointAge().map(Duration::toString).orElse("-") + ", RTO=" + recoveryTime() + ", checks="
                + checks + "]";
    }

    static final class Builder {
        private final String id;
        private final Instant begun;
        private final String host;
        private final String user;
        private final List<Check> checks = new ArrayList<>();
        private final Map<String, Duration> took = new LinkedHashMap<>();
        private final Map<String, String> versions = new LinkedHashMap<>();
        private long point;
        private Optional<Instant> pointMade = Optional.empty();
        private long lastSequence;
        private Optional<Instant> lastRecord = Optional.empty();

        Builder(String id, Instant begun, String host, String user) {
            this.id = Objects.requireNonNull(id, "id");
            this.begun = begun;
            this.host = host;
            this.user = user;
        }

        void point(RecoveryPoint value) {
            point = value.number();
            pointMade = Optional.of(value.made());
        }

        void check(String name, Result result, String detail) {
            checks.add(new Check(name, result, detail));
        }

        void took(String step, Duration duration) {
            took.merge(step, duration, Duration::plus);
        }

        void version(String program, String version) {
            versions.put(program, version);
        }

        void log(long sequence, Optional<Instant> time) {
            lastSequence = sequence;
            lastRecord = time;
        }

        private Result result() {
            if (checks.stream().anyMatch(check -> check.result() == Result.FAILED)) {
                return Result.FAILED;
            }
            boolean all = !checks.isEmpty() && checks.stream().allMatch(check -> check.result() == Result.PASSED);
            return all ? Result.PASSED : Result.INCONCLUSIVE;
        }

        DrillReceipt build() {
            return new DrillReceipt(this);
        }
    }
}
