package io.veloz.wal.backup.internal.retention;

import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/** The receipts of drills and recoveries, under {@code receipts/}. Stateless. */
final class Receipts {
    private static final String PREFIX = "receipts/";
    private static final int MAX_BYTES = 4 * 1024 * 1024;
    private static final int NUMBER_DIGITS = 20;

    private Receipts() {}

    /**
     * Returns the newest of the points with a receipt that says PASSED. A receipt that cannot be read is a finding, and does
     * not count.
     */
    static OptionalLong newestPassed(ObjectStore store, Set<Long> points, List<String> findings) throws IOException {
        List<StoredObject> receipts = Listing.read(store, PREFIX);
        for (int i = receipts.size() - 1; i >= 0; i--) {
            String key = receipts.get(i).key();
            if (!key.matches("receipts/0\\d{19}_.*")) {
                continue;
            }
            long point = Long.parseLong(key.substring(PREFIX.length(), PREFIX.length() + NUMBER_DIGITS));
            if (points.contains(point) && isPassed(store, key, point, findings)) {
                return OptionalLong.of(point);
            }
        }
        return OptionalLong.empty();
    }

    private static boolean isPassed(ObjectStore store, String key, long point, List<String> findings) throws IOException {
        try (InputStream in = store.get(key)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new IllegalArgumentException("has more than " + MAX_BYTES + " bytes");
            }
            JsonTree receipt = JsonTree.parse(bytes, 0, bytes.length);
            if (receipt.number("point", 1) != point) {
                throw new IllegalArgumentException("is of point " + receipt.number("point", 1));
            }
            return receipt.text("result").equals("PASSED");
        } catch (NoSuchObjectException e) {
            return false;
        } catch (IllegalArgumentException e) {
            findings.add(key + " " + e.getMessage());
            return false;
        }
    }
}
