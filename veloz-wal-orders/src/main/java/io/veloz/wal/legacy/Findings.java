package io.veloz.wal.legacy;

import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The findings of one replay. All are counted, but only the first ones are kept, to bound memory. Not thread-safe. */
final class Findings {
    static final int KEPT = 1000;

    private final List<LegacyFinding> kept = new ArrayList<>();
    private final Map<Kind, Long> counts = new EnumMap<>(Kind.class);
    private @Nullable Severity worst;

    void add(LegacyFinding finding) {
        counts.merge(finding.kind(), 1L, Long::sum);
        if (kept.size() < KEPT) {
            kept.add(finding);
        }
        if (worst == null || finding.severity().compareTo(worst) > 0) {
            worst = finding.severity();
        }
    }

    static LegacyFinding aboutFile(Kind kind, Severity severity, String file, String text) {
        return new LegacyFinding(kind, severity, file, -1, 0, -1, -1, text);
    }

    /** Adds a finding about one entry. */
    void add(Kind kind, Severity severity, LegacyFile file, EntryHeader entry, long sequence, String text) {
        add(new LegacyFinding(kind, severity, file.name(), entry.position(), entry.bytes(), sequence, sequence, text));
    }

    List<LegacyFinding> kept() {
        return List.copyOf(kept);
    }

    Map<Kind, Long> counts() {
        return Collections.unmodifiableMap(new EnumMap<>(counts));
    }

    Optional<Severity> worst() {
        return Optional.ofNullable(worst);
    }
}
