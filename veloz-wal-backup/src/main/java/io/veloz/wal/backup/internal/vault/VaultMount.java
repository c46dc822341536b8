package io.veloz.wal.backup.internal.vault;

/**
 * A key-value engine of Vault.
 *
 * @param name path of the mount without a slash at its end: {@code secret}, {@code team/kv}
 * @param version of the engine, 1 or 2
 */
record VaultMount(String name, int version) implements Comparable<VaultMount> {
    /** Returns the path of a request: {@code operation} is a word of version 2, which version 1 does not have. */
    String request(String operation, String path) {
        return version == 1 ? name + "/" + path : name + "/" + operation + "/" + path;
    }

    VaultMount requireVersion(int expected) {
        if (version != expected) {
            throw new VaultException(
                    VaultException.Reason.UNUSABLE,
                    "Vault: " + name + " is KV version " + version + "; expected " + expected);
        }
        return this;
    }

    @Override
    public int compareTo(VaultMount other) {
        return name.compareTo(other.name);
    }
}
