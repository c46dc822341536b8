package io.veloz.wal.testkit;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The files of a log after random changes that are deterministic for a seed, for tests of programs that read such
 * files. Confined to one thread.
 *
 * <p>Bytes and whole files are changed. Because checksums stop random changes before the deeper checks, single fields
 * are also changed together with all checksums that cover them. Files of the engine's old log are supported as well.
 */
public final class HostileFiles {
    /** The worst kind of change, which determines what a reader can still guarantee. */
    public enum Kind {
        /** Bytes inside files, which checksums detect. */
        BYTES,
        /** Whole files were also removed, renamed, copied, exchanged or added. */
        FILES,
        /** Fields were changed and their checksums repaired, so that the original records cannot be known. */
        LIES
    }

    private static final int MOST_STEPS = 4;

    private final long seed;
    private final SortedMap<String, byte[]> files = new TreeMap<>();
    private final List<String> steps = new ArrayList<>();
    private Kind kind = Kind.BYTES;

    private HostileFiles(long seed) {
        this.seed = seed;
    }

    /**
     * Applies one to four changes.
     *
     * @param log names and contents of all files of a directory
     * @param other names and contents of another log, whose files and batches can be mixed in
     */
    public static HostileFiles of(Map<String, byte[]> log, Map<String, byte[]> other, long seed) {
        Dice dice = new Dice(seed);
        HostileFiles result = new HostileFiles(seed);
        log.forEach((name, bytes) -> result.files.put(name, bytes.clone()));
        List<Kind> kinds = List.copyOf(EnumSet.range(Kind.BYTES, dice.of(List.of(Kind.values()))));
        for (int i = 1 + dice.below(MOST_STEPS); i > 0 && !result.files.isEmpty(); i--) {
            result.step(dice.of(kinds), other, dice);
        }
        return result;
    }

    private void step(Kind next, Map<String, byte[]> other, Dice dice) {
        kind = kind.compareTo(next) < 0 ? next : kind;
        String name = dice.of(List.copyOf(files.keySet()));
        byte[] file = Objects.requireNonNull(files.get(name));
        switch (next) {
            case BYTES -> {
                ByteChange change = new ByteChange(dice, file);
                files.put(name, change.changed());
                steps.add(name + ": " + change);
            }
            case FILES -> steps.add(new FileChange(dice, files, other).apply(name, file));
            case LIES -> {
                if (LogBytes.isLegacy(file)) {
                    LegacyLie lie = new LegacyLie(dice, file);
                    files.put(name, lie.changed());
                    steps.add(name + ": " + lie);
                } else {
                    steps.add(name + ": " + new Lie(dice, files, other).apply(name, file));
                }
            }
        }
    }

    /** Returns the names and contents of all files, in a map that can be modified. */
    public SortedMap<String, byte[]> files() {
        return files;
    }

    public Kind kind() {
        return kind;
    }

    /** Returns the seed and the changes. */
    @Override
    public String toString() {
        return "seed " + seed + ", " + kind + ": " + String.join("; ", steps);
    }
}
