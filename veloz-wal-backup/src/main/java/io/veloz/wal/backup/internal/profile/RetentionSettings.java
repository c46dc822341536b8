package io.veloz.wal.backup.internal.profile;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How long recovery points are kept.
 *
 * @param within every point that is younger is kept
 * @param atLeast so many of the newest points are kept, however old they are
 * @param monthly for so many months the newest point of each is kept
 * @param grace between a plan and the deletion
 * @param log how long the archive keeps the records of the log: the schedule runs its retention. An older dump cannot be rolled
 *     forward. Empty if the archive keeps the whole log
 */
public record RetentionSettings(Duration within, int atLeast, int monthly, Duration grace, Optional<Duration> log) {
    static final List<String> KEYS = List.of("keep.within", "keep.at-least", "keep.monthly", "keep.grace", "keep.log");

    static RetentionSettings read(ProfileFile file) {
        return new RetentionSettings(
                file.duration("keep.within", Duration.ofDays(30)),
                file.integer("keep.at-least", 7, 1, 100_000),
                file.integer("keep.monthly", 12, 0, 1_200),
                file.duration("keep.grace", Duration.ofDays(7)),
                file.text("keep.log").map(value -> file.duration("keep.log", Duration.ZERO)));
    }
}
