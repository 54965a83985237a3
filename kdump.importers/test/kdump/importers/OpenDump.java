// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import java.io.IOException;
import java.nio.file.Path;
import kdump.importers.dump.Dump;

/** Opens dumps for tests in other packages, as the importers do. */
public final class OpenDump {

    private OpenDump() { }

    /** Opens a dump of whatever format; of a part of a split one, with the parts beside it. */
    public static Dump of(Path file) throws IOException {
        return DumpChoice.open(file);
    }
}
