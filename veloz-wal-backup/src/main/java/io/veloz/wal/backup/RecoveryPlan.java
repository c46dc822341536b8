package io.veloz.wal.backup;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** What a recovery would do. It was made without writing anything. Immutable. */
public final class RecoveryPlan {
    private final RecoveryPoint point;
    private final List<Attachment> attachments;
    private final Map<Path, Path> staging;
    private final List<String> steps;
    private final Duration age;

    RecoveryPlan(
            RecoveryPoint point,
            List<Attachment> attachments,
            Map<Path, Path> staging,
            List<String> steps,
            Duration age) {
        this.point = point;
        this.attachments = List.copyOf(attachments);
        this.staging = Map.copyOf(staging);
        this.steps = List.copyOf(steps);
        this.age = age;
    }

    public RecoveryPoint point() {
        return point;
    }

    /** What is fetched: one for each kind that is recovered. */
    public List<Attachment> attachments() {
        return attachments;
    }

    /** For each root the path next to it where it is prepared. */
    public Map<Path, Path> staging() {
        return staging;
    }

    /** What will be done, in order, a line each. */
    public List<String> steps() {
        return steps;
    }

    /** How old the oldest of the attachments is. */
    public Duration age() {
        return age;
    }

    /** Bytes to fetch. */
    public long storedBytes() {
        return attachments.stream().mapToLong(Attachment::storedBytes).sum();
    }

    @Override
    public String toString() {
        return "RecoveryPlan[point=" + point.number() + ", made=" + point.made() + ", age=" + age + ", bytes=" + storedBytes()
                + ", steps=" + steps + "]";
    }
}
