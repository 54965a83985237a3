// SPDX-License-Identifier: Apache-2.0

/** What newer hand-overs of other units do, on VT-d. */
package kdump.policies.reuseinplace;
