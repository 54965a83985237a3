// SPDX-License-Identifier: Apache-2.0

/** Tests of the projects for strangers; that they build, GuidesTest tries. */
package kdump.lab.kit;
