package io.veloz.wal.backup;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a backup did. Immutable. */
public final class BackupReport {
    private final Optional<RecoveryPoint> point;
    private final Set<Kind> stored;
    private final Set<Kind> unchanged;
    private final List<String> findings;
    private final long storedBytes;
    private final @Nullable Instant keyExpiry;
    private final Duration took;

    BackupReport(
            Optional<RecoveryPoint> point,
            Set<Kind> stored,
            Set<Kind> unchanged,
            List<String> findings,
            long storedBytes,
            @Nullable Instant keyExpiry,
            Duration took) {
        this.point = point;
        this.stored = Set.copyOf(stored);
        this.unchanged = Set.copyOf(unchanged);
        this.findings = List.copyOf(findings);
        this.storedBytes = storedBytes;
        this.keyExpiry = keyExpiry;
        this.took = took;
    }

    /** The new recovery point; empty if nothing had changed since the newest one. */
    public Optional<RecoveryPoint> point() {
        return point;
    }

    /** The kinds that were read and stored, and of which the new point names this run's copy. */
    public Set<Kind> stored() {
        return stored;
    }

    /** The kinds that were read and are as in the newest point. */
    public Set<Kind> unchanged() {
        return unchanged;
    }

    /** What a person should correct, though the backup is whole: a secret that others can read, a key that expires soon. */
    public List<String> findings() {
        return findings;
    }

    /** Bytes of the chunks that this run stored. */
    public long storedBytes() {
        return storedBytes;
    }

    /** Returns when the first certificate of a recipient expires, and backups stop; empty if none does. */
    public Optional<Instant> keyExpiry() {
        return Optional.ofNullable(keyExpiry);
    }

    public Duration took() {
        return took;
    }

    @Override
    public String toString() {
        return "BackupReport[point="
                + point.map(made -> String.valueOf(made.number())).orElse("none") + ", stored=" + stored
                + ", unchanged=" + unchanged + ", bytes=" + storedBytes + ", findings=" + findings + ", took=" + took
                + "]";
    }
}
