package io.veloz.wal.testkit;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A random change to a directory: files are removed, added or renamed. Confined to one thread. */
final class FileChange {
    /** Names of every kind of log file, and some that only resemble them. */
    private static final List<String> NAMES = List.of(
            "orders_0000000000000001.wal",
            "orders_0000000000000002.wal",
            "orders_0000000000000003.wal",
            "orders_0000000000000004.wal",
            "orders_0000000000000000.wal",
            "orders_9999999999999999.wal",
            "orders_00000000000000001.wal",
            "orders_000000000000000x.wal",
            "orders_000000000000000a.wal",
            "orders_current.wal",
            ".orders_prepared.wal",
            ".orders_preparing.tmp",
            ".orders_trimmed",
            "..orders_trimmed.tmp",
            ".orders_trimmed.tmp",
            ".orders_checkpoint_a",
            ".orders_checkpoint_b",
            ".orders_checkpoint_a.tmp",
            ".orders_quarantine_",
            ".orders_quarantine_0000000000000001_at_4096_00000000",
            ".orders_0000000000000002.wal.tmp",
            "orders.lock",
            "orders_",
            "orders_.wal",
            "other_0000000000000001.wal");

    private final Dice dice;
    private final Map<String, byte[]> files;
    private final Map<String, byte[]> other;

    FileChange(Dice dice, Map<String, byte[]> files, Map<String, byte[]> other) {
        this.dice = dice;
        this.files = files;
        this.other = other;
    }

    /** Applies the change, and returns its description. */
    String apply(String name, byte[] file) {
        String second = dice.oneIn(3) ? dice.of(List.copyOf(files.keySet())) : dice.of(NAMES);
        return switch (dice.below(7)) {
            case 0 -> {
                files.remove(name);
                yield "remove " + name;
            }
            case 1 -> {
                files.remove(name);
                files.put(second, file);
                yield "rename " + name + " to " + second;
            }
            case 2 -> {
                files.put(second, file.clone());
                yield "copy " + name + " to " + second;
            }
            case 3 -> {
                byte @Nullable [] replaced = files.put(second, file.clone());
                if (replaced != null) {
                    files.put(name, replaced);
                }
                yield "exchange " + name + " and " + second;
            }
            case 4 -> {
                files.put(second, dice.noise(dice.below(dice.oneIn(2) ? 64 : 20_000)));
                yield "noise as " + second;
            }
            case 5 -> {
                files.put(second, new byte[dice.below(20_000)]);
                yield "zeros as " + second;
            }
            default -> fromOther(second);
        };
    }

    private String fromOther(String second) {
        if (other.isEmpty()) {
            return "no change";
        }
        String from = dice.of(List.copyOf(other.keySet()));
        String to = dice.oneIn(2) ? from : second;
        files.put(to, Objects.requireNonNull(other.get(from)).clone());
        return "copy " + from + " of another log to " + to;
    }
}
