/** In the package of what is tested, which nobody else may see. */
@NullMarked
package io.veloz.wal.internal.commit;

import org.jspecify.annotations.NullMarked;
