package io.veloz.wal.backup.internal.retention;

import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.backup.RetentionPlan;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The retention plans of an archive, under {@code retention/}: put if absent, never deleted. It belongs to one thread. */
public final class PlanStore {
    private static final String PREFIX = "retention/";

    private final ObjectStore store;

    public PlanStore(ObjectStore store) {
        this.store = store;
    }

    /**
     * The newest plan that can be read.
     *
     * @param number of the newest plan, readable or not; 0 if there is none
     * @param plan the newest readable one
     * @param problem why the newest one cannot be read; empty if it can, or if there is none
     */
    public record Newest(long number, Optional<RetentionPlan> plan, Optional<String> problem) {}

    public Newest newest() throws IOException {
        List<Long> numbers = new ArrayList<>();
        for (StoredObject object : Listing.read(store, PREFIX)) {
            if (object.key().matches("retention/\\d{20}")) {
                numbers.add(Long.parseLong(object.key().substring(PREFIX.length())));
            }
        }
        Optional<String> problem = Optional.empty();
        for (int i = numbers.size() - 1; i >= 0; i--) {
            try {
                return new Newest(numbers.get(numbers.size() - 1), Optional.of(read(numbers.get(i))), problem);
            } catch (IllegalArgumentException e) {
                if (problem.isEmpty()) {
                    problem = Optional.of(store.describe() + ": " + key(numbers.get(i)) + " " + e.getMessage());
                }
            }
        }
        return new Newest(numbers.isEmpty() ? 0 : numbers.get(numbers.size() - 1), Optional.empty(), problem);
    }

    private RetentionPlan read(long number) throws IOException {
        byte[] bytes;
        try (InputStream in = store.get(key(number))) {
            bytes = in.readNBytes(PlanCodec.MAX_BYTES + 1);
        } catch (NoSuchObjectException e) {
            throw new IllegalArgumentException("is listed, but does not exist", e);
        }
        if (bytes.length > PlanCodec.MAX_BYTES) {
            throw new IllegalArgumentException("has more than " + PlanCodec.MAX_BYTES + " bytes");
        }
        RetentionPlan plan = PlanCodec.decode(bytes);
        if (plan.number() != number) {
            throw new IllegalArgumentException("is plan " + plan.number());
        }
        return plan;
    }

    /** Returns false if the number is taken. */
    public boolean put(RetentionPlan plan) throws IOException {
        return store.putIfAbsent(key(plan.number()), ObjectContent.of(PlanCodec.encode(plan)));
    }

    private static String key(long number) {
        return PREFIX + String.format(Locale.ROOT, "%020d", number);
    }
}
