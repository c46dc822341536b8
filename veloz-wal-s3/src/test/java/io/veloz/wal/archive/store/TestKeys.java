package io.veloz.wal.archive.store;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keys that differ by their ids. Immutable. */
public final class TestKeys implements EncryptionKeys {
    /** The beginning of a message that is encrypted to a public key. */
    public static final byte[] MESSAGE = {(byte) 0x85, 1};

    private final List<String> ids;

    /** @param ids the last one is active */
    public TestKeys(String... ids) {
        this.ids = List.of(ids);
    }

    @Override
    public String activeId() {
        return ids.get(ids.size() - 1);
    }

    @Override
    public byte @Nullable [] key(String id) {
        if (!ids.contains(id)) {
            return null;
        }
        byte[] key = new byte[KEY_BYTES];
        Arrays.fill(key, (byte) id.hashCode());
        return key;
    }
}
