// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.List;
import java.util.Set;

/**
 * The matrix: one machine, one seed, one crash instant, every policy.
 *
 * @param machine name
 * @param options of all the runs
 * @param profile name of the kernel profile; "FIRST -> CAPTURE" if the kernels differ
 * @param assumptions what was assumed about the machine, a sentence each
 * @param verdicts one a policy: those that leave the capture kernel alone first, then by name
 * @param stock names of the policies that leave the capture kernel alone
 */
public record Comparison(String machine, RunOptions options, String profile,
        List<String> assumptions, List<Verdict> verdicts, Set<String> stock) { }
