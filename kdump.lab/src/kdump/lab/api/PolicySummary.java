// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.List;

/**
 * A policy that is present.
 *
 * @param name as users type it
 * @param bundle symbolic name of its bundle
 * @param version of its bundle
 * @param vendors it knows how to treat; empty for any
 * @param shadowed whether another policy of this name is in force instead
 * @param stock whether it leaves the capture kernel alone
 */
public record PolicySummary(String name, String bundle, String version, List<String> vendors,
        boolean shadowed, boolean stock) { }
