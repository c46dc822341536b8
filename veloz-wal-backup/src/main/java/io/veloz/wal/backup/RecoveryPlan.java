package io.veloz.wal.backup;

import io.veloz.wal.archive.ArchiveComparison.Relation;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What a recovery would do, made without changing anything. Immutable. */
public final class RecoveryPlan {
    private final RecoveryPoint point;
    private final RecoveryOptions options;
    private final List<Attachment> attachments;
    private final List<String> steps;
    private final List<String> findings;
    private final Duration age;
    private final Optional<Relation> log;

    RecoveryPlan(
            RecoveryPoint point,
            RecoveryOptions options,
            List<Attachment> attachments,
            List<String> steps,
            List<String> findings,
            Duration age,
            Optional<Relation> log) {
        this.point = point;
        this.options = options;
        this.attachments = List.copyOf(attachments);
        this.steps = List.copyOf(steps);
        this.findings = List.copyOf(findings);
        this.age = age;
        this.log = log;
    }

    public RecoveryPoint point() {
        return point;
    }

    RecoveryOptions options() {
        return options;
    }

    /** Returns what is fetched: one attachment for each kind that is recovered. */
    public List<Attachment> attachments() {
        return attachments;
    }

    /** Returns what will be done, in order, a line each. */
    public List<String> steps() {
        return steps;
    }

    /** Returns what a person should know before the recovery: data that stays as old as the point, a missing role. */
    public List<String> findings() {
        return findings;
    }

    /** Returns how old the oldest of the attachments is. */
    public Duration age() {
        return age;
    }

    /** Returns how the log in place relates to the archive; empty if the log is not restored. */
    Optional<Relation> log() {
        return log;
    }

    /** Returns the number of bytes of the attachments to fetch. */
    public long storedBytes() {
        return attachments.stream().mapToLong(Attachment::storedBytes).sum();
    }

    @Override
    public String toString() {
        return "RecoveryPlan[point=" + point.number() + ", made=" + point.made() + ", age=" + age + ", bytes="
                + storedBytes() + ", steps=" + steps + "]";
    }
}
