/** The options, the plan and the report of a restore. Start with {@link io.veloz.wal.WalRecovery#restoreFrom(String)}. */
@NullMarked
package io.veloz.wal.restore;

import org.jspecify.annotations.NullMarked;
