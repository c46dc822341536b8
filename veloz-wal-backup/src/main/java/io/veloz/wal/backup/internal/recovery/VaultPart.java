package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.internal.profile.VaultSettings;
import io.veloz.wal.backup.internal.vault.VaultImport;
import io.veloz.wal.backup.internal.vault.VaultPlan;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The key-value secrets of Vault. They cannot be staged: they are written into empty paths when all gates are passed. A path
 * that has anything else is a gate that fails, so nothing that Vault has is changed, and a rollback leaves what was added.
 */
final class VaultPart implements Part {
    private final VaultImport target;
    private final VaultSettings settings;
    private final AttachmentReader reader;
    private @Nullable VaultPlan plan;

    VaultPart(VaultSettings settings, AttachmentReader reader) {
        this.target = new VaultImport(settings);
        this.settings = settings;
        this.reader = reader;
    }

    @Override
    public String name() {
        return "vault";
    }

    @Override
    public List<String> describe() {
        return List.of("write the secrets of " + settings.paths() + " that Vault at " + settings.address()
                + " does not have; refuse if a path has other content. A rollback does not remove them");
    }

    @Override
    public void stage() throws IOException {
        reader.read(Kind.VAULT, plain -> plan = target.plan(plain));
    }

    @Override
    public List<Gate> gates() {
        VaultPlan compared = Objects.requireNonNull(plan, "staged before");
        boolean equal = compared.different().isEmpty();
        return List.of(new Gate(
                "no path of Vault has other content",
                equal,
                equal
                        ? compared.missing().size() + " paths to write, "
                                + compared.equal().size() + " equal"
                        : compared.describeDifferences()));
    }

    @Override
    public void beforeSwitch() throws IOException {
        reader.read(Kind.VAULT, target::write);
    }

    @Override
    public List<String> findings() {
        return plan == null || plan.expiring().isEmpty()
                ? List.of()
                : List.of("Vault: versions that were to be deleted later are kept: " + plan.expiring());
    }
}
