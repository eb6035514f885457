output "controller_role_arn" {
  description = "aws.roleArn of the chart, or accounts[].assumeRoleArn of the settings file"
  value       = aws_iam_role.controller.arn
}

output "boundary_arn" {
  description = "accounts[].permissionsBoundaryArn of the settings file"
  value       = aws_iam_policy.boundary.arn
}
