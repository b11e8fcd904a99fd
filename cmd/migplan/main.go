// Command migplan moves SQL Server databases into Huawei Cloud RDS by a plan
// that is kept in git.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
