package io.veloz.wal.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Names and files, as they are on disk and in the page cache. Guarded by its storage. */
final class Disk {
    private final Map<Integer, FileContent> files = new TreeMap<>();
    private final Map<String, Integer> durableNames = new TreeMap<>();
    private final Map<String, Integer> names = new TreeMap<>();
    private final List<NameChange> pendingNames = new ArrayList<>();
    private long serial;

    /** The removal of a file's name, a new name, or both. */
    private record NameChange(
            long serial,
            int file,
            @Nullable String from,
            @Nullable String to) {
        void applyTo(Map<String, Integer> names) {
            if (from != null) {
                names.remove(from, file);
            }
            if (to != null) {
                names.put(to, file);
            }
        }
    }

    Disk copy() {
        Disk copy = new Disk();
        files.forEach((file, content) -> copy.files.put(file, content.copy()));
        copy.durableNames.putAll(durableNames);
        copy.names.putAll(names);
        copy.pendingNames.addAll(pendingNames);
        copy.serial = serial;
        return copy;
    }

    /** Returns the highest serial of a change so far. */
    long serial() {
        return serial;
    }

    List<String> list() {
        return List.copyOf(names.keySet());
    }

    /** Returns the file of a name; null if there is none. */
    @Nullable
    Integer find(String name) {
        return names.get(name);
    }

    /** Returns the name of a file; null if it was deleted. */
    @Nullable
    String nameOf(int file) {
        for (Map.Entry<String, Integer> entry : names.entrySet()) {
            if (entry.getValue() == file) {
                return entry.getKey();
            }
        }
        return null;
    }

    FileContent file(int file) {
        FileContent content = files.get(file);
        if (content == null) {
            throw new IllegalStateException("no file " + file);
        }
        return content;
    }

    long usedBytes() {
        return names.values().stream()
                .mapToLong(file -> file(file).cached().length)
                .sum();
    }

    // ---- changes

    int create(String name) {
        int file = files.size();
        files.put(file, new FileContent());
        change(new NameChange(++serial, file, null, name));
        return file;
    }

    void rename(String from, String to) {
        Integer file = names.get(from);
        if (file != null) {
            change(new NameChange(++serial, file, from, to));
        }
    }

    void delete(String name) {
        Integer file = names.get(name);
        if (file != null) {
            change(new NameChange(++serial, file, name, null));
        }
    }

    private void change(NameChange change) {
        change.applyTo(names);
        pendingNames.add(change);
    }

    void forceNames(long upTo) {
        for (NameChange change : List.copyOf(pendingNames)) {
            if (change.serial <= upTo) {
                change.applyTo(durableNames);
                pendingNames.remove(change);
            }
        }
    }

    boolean hasVolatileNames() {
        return !pendingNames.isEmpty();
    }

    void write(int file, long position, byte[] bytes) {
        file(file).write(++serial, position, bytes);
    }

    void truncate(int file, long size) {
        file(file).truncate(++serial, size);
    }

    void force(int file, long upTo) {
        file(file).force(upTo);
    }

    void failForce(int file, long upTo, long seed, DiskRules rules) {
        file(file).failForce(upTo, new Chance(seed), rules);
    }

    void dropPageCache() {
        files.values().forEach(FileContent::dropPageCache);
    }

    // ---- the end

    /** Returns the disk after the power failure. */
    Disk afterPowerCut(long seed, DiskRules rules) {
        Chance chance = new Chance(seed);
        Map<String, Integer> surviving = survivingNames(chance, rules);
        List<byte[]> all = files.values().stream().map(FileContent::durable).toList();
        Disk after = new Disk();
        // Files without a name are dropped later, but consume random numbers here, so that the result for a seed stays
        // the same.
        files.forEach(
                (file, content) -> after.files.put(file, FileContent.of(content.afterPowerCut(chance, rules, all))));
        after.names.putAll(surviving);
        after.durableNames.putAll(surviving);
        after.serial = serial;
        return after;
    }

    private Map<String, Integer> survivingNames(Chance chance, DiskRules rules) {
        int count = pendingNames.size();
        int first = chance.below(count + 1);
        Map<String, Integer> surviving = new TreeMap<>(durableNames);
        for (int i = 0; i < count; i++) {
            boolean survives = switch (chance.cut()) {
                case NOTHING -> false;
                case EVERYTHING -> true;
                default -> rules.names() == DiskRules.Names.ORDERED ? i < first : chance.coin();
            };
            if (survives) {
                pendingNames.get(i).applyTo(surviving);
            }
        }
        return surviving;
    }
}
